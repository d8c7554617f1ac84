/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Threads that do not make a call slower. A call is cut into bands, and helpers take some of them.
 *
 *     caller   | band 0 | band 2 | band 3 | band 5 | waits |
 *     helper        wakes up | band 1 | band 4 | band 6    |
 *
 * The caller works, too. It and the helpers take bands from one counter. A helper that wakes up late finds
 * fewer bands, or none. The caller waits for bands that have begun, and never for a helper that has taken
 * none. So a helper makes a call slower only if the system stops it within a band. Three rules keep that
 * rare:
 *
 *     - A helper offers its core to other threads before each band, so that it is stopped there, not within.
 *     - Callers and helpers at work never exceed the limit. For a while after N calls ran at once on N cores,
 *       each call runs alone: in one band, as with one thread.
 *     - After a call that would have ended sooner without helpers, the next POOL_LONE_CALLS calls run alone.
 *       So at most one call in POOL_LONE_CALLS is slowed down, however busy the machine is.
 *
 * A task is a call that may get help. It occupies a slot that is never freed. Threads compete only for its
 * ticket:
 *
 *     ticket = room << 32 | left      helpers that may still join; bands that have not begun
 *
 * A helper takes a band, and one of the places, by one compare-and-swap. Only then does it read the rest of
 * the slot, and the caller stays until that band is done. So a late helper does no harm, even if the slot
 * holds the task of another caller by then. The locks serve only to put threads to sleep and to wake them up.
 *
 * pthreads, or Windows' threads. Calls are serial with FASTCONV_NO_THREADS, and without 64-bit atomics.
 */
#ifndef FASTCONV_POOL_H
#define FASTCONV_POOL_H

#include <fenv.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Computes band `i` of `bands` of a call. Returns the number of failures. */
typedef int (*PoolBand)(const void *context, ptrdiff_t i, ptrdiff_t bands);

enum {
    POOL_MOST_THREADS = 1024,
    POOL_SLOTS = 32,       /* calls that may have helpers at the same time */
    POOL_WORTH = 30000,    /* least predicted ns of work for each thread; a sleeping one wakes up in 50 us */
    POOL_SPIN = 50000,     /* ns that a helper polls for the next call before it sleeps */
    POOL_WAIT = 200000,    /* ns that a caller polls for its last bands before it sleeps */
    POOL_CROWD = 20000000, /* ns for which calls run alone after as many ran at once as there are cores */
    POOL_LONE_CALLS = 200, /* calls that run alone after one that helpers made slower */
    POOL_STACK = 1 << 20
};

/* --- atomics, locks and clocks of each system ------------------------------------------------------ */

#if defined(FASTCONV_NO_THREADS)
#define POOL_KIND "none"
#elif defined(_WIN32)
#define POOL_KIND "Windows"
#elif defined(__GNUC__) && __GCC_ATOMIC_LLONG_LOCK_FREE == 2
#define POOL_KIND "POSIX"
#else
#define POOL_KIND "none"
#define FASTCONV_NO_THREADS
#endif

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(CPU_COUNT)
#define POOL_CORES 1
#else
#define POOL_CORES 0
#endif

#if defined(FASTCONV_NO_THREADS)

#define pool_load(p) (*(p))
#define pool_store(p, v) (*(p) = (v))

#else

#if defined(_MSC_VER)
#include <intrin.h>
static int pool_swap(volatile int64_t *p, int64_t *seen, int64_t value) {
    int64_t before = _InterlockedCompareExchange64(p, value, *seen), swapped = before == *seen;
    *seen = before;
    return (int)swapped;
}
static int64_t pool_load(volatile int64_t *p) { return _InterlockedCompareExchange64(p, 0, 0); }
static int64_t pool_add(volatile int64_t *p, int64_t value) {
    int64_t seen = *p;
    while (!pool_swap(p, &seen, seen + value))
        ;
    return seen;
}
static void pool_store(volatile int64_t *p, int64_t value) {
    int64_t seen = *p;
    while (!pool_swap(p, &seen, value))
        ;
}
#else
#define pool_load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define pool_store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define pool_add(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST) /* returns the value before */
#define pool_swap(p, seen, v) \
    __atomic_compare_exchange_n(p, seen, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#endif

#if defined(_WIN32)
#include <windows.h>
typedef SRWLOCK PoolLock;
typedef CONDITION_VARIABLE PoolSignal;
#define pool_lock(lock) AcquireSRWLockExclusive(lock)
#define pool_try_lock(lock) TryAcquireSRWLockExclusive(lock)
#define pool_unlock(lock) ReleaseSRWLockExclusive(lock)
#define pool_sleep(signal, lock) SleepConditionVariableSRW(signal, lock, INFINITE, 0)
#define pool_wake(signal) WakeConditionVariable(signal)
#define pool_offer_core() SwitchToThread()
static int64_t pool_now(void) {
    LARGE_INTEGER ticks, second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&second);
    return (int64_t)((double)ticks.QuadPart / (double)second.QuadPart * 1e9);
}
#else
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
typedef pthread_mutex_t PoolLock;
typedef pthread_cond_t PoolSignal;
#define pool_lock(lock) pthread_mutex_lock(lock)
#define pool_try_lock(lock) (pthread_mutex_trylock(lock) == 0)
#define pool_unlock(lock) pthread_mutex_unlock(lock)
#define pool_sleep(signal, lock) pthread_cond_wait(signal, lock)
#define pool_wake(signal) pthread_cond_signal(signal)
#define pool_offer_core() sched_yield()
static int64_t pool_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
#endif

#if defined(__x86_64__) || defined(__i386__)
#define pool_pause() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define pool_pause() __asm__ volatile("yield")
#elif defined(_WIN32)
#define pool_pause() YieldProcessor()
#else
#define pool_pause()
#endif

#endif

/* --- number of threads ----------------------------------------------------------------------------- */

static struct {
    int64_t limit;   /* most threads of a call that does not ask for a number */
    int64_t follow;  /* whether the cores that the calling thread may use limit them, too */
    int64_t worth;   /* POOL_WORTH, except in tests */
    int64_t lone;    /* POOL_LONE_CALLS, except in tests */
} pool_setting = {1, 1, POOL_WORTH, POOL_LONE_CALLS};

static void pool_set(int limit, int follow) {
    pool_store(&pool_setting.limit, limit);
    pool_store(&pool_setting.follow, follow);
}

/* Cores that the calling thread may use; 0 if not known. Each call asks anew, which takes 0.2 us. */
static int pool_cores(void) {
#if POOL_CORES
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0)
        return CPU_COUNT(&cores);
#endif
    return 0;
}

/* Threads for a call that is predicted to take `work` ns on one thread. `asked` is the number that the caller
 * of the library gave, or 0. */
static int pool_threads_for(double work, int asked) {
    int64_t worth = pool_load(&pool_setting.worth), limit = asked ? asked : pool_load(&pool_setting.limit);
    int cores;
    if (limit < 2 || work < 2.0 * (double)worth)
        return 1;
    if (!asked && pool_load(&pool_setting.follow) && (cores = pool_cores()) && cores < limit)
        limit = cores;
    return work < (double)(limit * worth) ? (int)(work / (double)worth) : (int)limit;
}

#if defined(FASTCONV_NO_THREADS)

static void pool_begin(void) {}
static void pool_tune(int64_t worth, int64_t lone) { (void)worth, (void)lone; }
static int pool_helpers(void) { return 0; }
static int pool_run(PoolBand band, const void *context, ptrdiff_t bands, int threads) {
    (void)bands, (void)threads;
    return band(context, 0, 1);
}

#else

/* --- state ----------------------------------------------------------------------------------------- */

typedef struct {
    int64_t ticket;
    char apart[56];
    int64_t done;    /* bands that helpers have done */
    int64_t failed;  /* failures in these bands */
    int64_t asleep;  /* whether the caller waits for `finished` */
    int64_t most;    /* a helper joins only while fewer threads than this are at work, of all calls */
    /* The fields below are written before the ticket, and read only by helpers that hold a band. */
    PoolBand band;
    const void *context;
    ptrdiff_t bands;
    fenv_t arithmetic; /* the caller's rounding and treatment of denormals, which helpers adopt */
#if POOL_CORES
    cpu_set_t cores; /* the caller's cores, which helpers adopt, too */
#endif
    PoolLock lock;
    PoolSignal finished;
} PoolTask;

#define POOL_ROOM ((int64_t)1 << 32)
#define pool_left(ticket) ((ptrdiff_t)((ticket) & 0xFFFFFFFF))
#define pool_wants_help(ticket) ((ticket) >= POOL_ROOM && pool_left(ticket))

static struct {
    int64_t taken; /* bit i: slot i holds a task */
    char apart0[56];
    int64_t working; /* calls that run, and helpers within a band */
    char apart1[56];
    int64_t calls;    /* calls that run */
    int64_t crowded;  /* when as many calls as cores last ran at once */
    int64_t helpers;  /* helpers that were started */
    int64_t most;     /* `most` of the last task */
    int64_t sleeping; /* helpers that sleep */
    int64_t called;   /* sleeping helpers that were told to wake up */
    int64_t credit;   /* calls run alone while it is below zero */
    PoolLock lock;
    PoolSignal wanted;
    PoolTask tasks[POOL_SLOTS];
} pool;

static void pool_reset(void) {
    int i;
    memset(&pool, 0, sizeof pool);
    pool.credit = POOL_LONE_CALLS;
    pool.crowded = -POOL_CROWD;
#if defined(_WIN32)
    (void)i; /* zeros are valid initial values of SRWLOCK and CONDITION_VARIABLE */
#else
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wanted, NULL);
    for (i = 0; i < POOL_SLOTS; i++) {
        pthread_mutex_init(&pool.tasks[i].lock, NULL);
        pthread_cond_init(&pool.tasks[i].finished, NULL);
    }
#endif
}

/* Runs once in a process. A forked child has none of its parent's other threads, neither helpers nor callers,
 * and these may have been in the middle of a call. So a child resets all state. */
static void pool_begin(void) {
    static int begun;
    if (begun++)
        return; /* another interpreter of this process */
    pool_reset();
#if !defined(_WIN32)
    pthread_atfork(NULL, NULL, pool_reset);
#endif
}

/* For tests: sets the least work for each thread, and how many calls run alone after one that helpers made
 * slower. With 0 no call runs alone, for whatever reason. */
static void pool_tune(int64_t worth, int64_t lone) {
    pool_store(&pool_setting.worth, worth);
    pool_store(&pool_setting.lone, lone);
    pool_store(&pool.credit, POOL_LONE_CALLS);
    pool_store(&pool.crowded, -POOL_CROWD);
}

static int pool_helpers(void) { return (int)pool_load(&pool.helpers); }

/* --- helpers --------------------------------------------------------------------------------------- */

/* Wake a helper up, if one sleeps and the lock is free. Otherwise do nothing: a call does not depend on
 * help. */
static void pool_call_helper(void) {
    if (pool_load(&pool.called) < pool_load(&pool.sleeping) && pool_try_lock(&pool.lock)) {
        if (pool_load(&pool.called) < pool_load(&pool.sleeping)) {
            pool_add(&pool.called, 1);
            pool_wake(&pool.wanted);
        }
        pool_unlock(&pool.lock);
    }
}

/* Adopt the arithmetic of the task's caller, and its cores. */
static void pool_adopt(const PoolTask *task) {
    fesetenv(&task->arithmetic);
#if POOL_CORES
    {
        static __thread cpu_set_t mine;
        if (memcmp(&mine, &task->cores, sizeof mine)) {
            mine = task->cores;
            sched_setaffinity(0, sizeof mine, &mine);
        }
    }
#endif
}

/* Do the band that was taken. `ticket` is its value before that. */
static void pool_do(PoolTask *task, int64_t ticket) {
    int failed;
    pool_adopt(task);
    failed = task->band(task->context, task->bands - pool_left(ticket), task->bands);
    if (failed)
        pool_add(&task->failed, failed);
    pool_add(&task->ticket, POOL_ROOM);
    pool_add(&pool.working, -1);
    pool_add(&task->done, 1); /* from here on the slot may belong to another call */
    if (pool_load(&task->asleep)) {
        pool_lock(&task->lock);
        pool_wake(&task->finished);
        pool_unlock(&task->lock);
    }
}

/* Do one band of a task, if it wants help and a core is free. Returns whether one was done. */
static int pool_help_with(PoolTask *task) {
    int64_t ticket;
    if (!pool_wants_help(pool_load(&task->ticket)))
        return 0;
    pool_offer_core();
    if (pool_add(&pool.working, 1) < pool_load(&task->most)) {
        ticket = pool_load(&task->ticket);
        while (pool_wants_help(ticket))
            if (pool_swap(&task->ticket, &ticket, ticket - POOL_ROOM - 1)) {
                if (pool_wants_help(ticket - POOL_ROOM - 1))
                    pool_call_helper();
                pool_do(task, ticket);
                return 1;
            }
    }
    pool_add(&pool.working, -1);
    return 0;
}

static int pool_help_wanted(void) {
    int64_t taken = pool_load(&pool.taken), working = pool_load(&pool.working);
    PoolTask *task = pool.tasks;
    for (; taken; taken >>= 1, task++)
        if (taken & 1 && pool_wants_help(pool_load(&task->ticket)) && working < pool_load(&task->most))
            return 1;
    return 0;
}

/* Do one band of any task. Returns whether one was done. */
static int pool_help(void) {
    int64_t taken = pool_load(&pool.taken);
    PoolTask *task = pool.tasks;
    for (; taken; taken >>= 1, task++)
        if (taken & 1 && pool_help_with(task))
            return 1;
    return 0;
}

/* Do bands until none has been found for a while, or until other threads occupy all cores. */
static void pool_help_all(void) {
    int64_t since = pool_now();
    do {
        if (pool_help())
            since = pool_now();
        else
            pool_offer_core();
    } while (pool_now() - since < POOL_SPIN && pool_load(&pool.working) < pool_load(&pool.most));
}

/* Sleep until a call wants help. A call that has just begun may not have seen this sleeper, so look once more
 * after counting it. */
static void pool_rest(void) {
    pool_lock(&pool.lock);
    pool_add(&pool.sleeping, 1);
    if (pool_help_wanted())
        pool_add(&pool.called, 1);
    while (!pool_load(&pool.called))
        pool_sleep(&pool.wanted, &pool.lock);
    pool_add(&pool.called, -1);
    pool_add(&pool.sleeping, -1);
    pool_unlock(&pool.lock);
}

#if defined(_WIN32)
static DWORD WINAPI pool_helper(void *unused) {
#else
static void *pool_helper(void *unused) {
#if defined(__linux__) && POOL_CORES
    pthread_setname_np(pthread_self(), "fastconv");
#endif
#endif
    for (;;) {
        pool_help_all();
        pool_rest();
    }
    (void)unused;
    return 0;
}

/* Start a helper. It blocks all signals, so that the process's other threads get them, except those that a
 * fault of its own raises. */
static int pool_start_helper(void) {
#if defined(_WIN32)
    HANDLE thread = CreateThread(NULL, POOL_STACK, pool_helper, NULL, 0, NULL);
    return thread && CloseHandle(thread);
#else
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t blocked, before;
    int failed, i;
    sigfillset(&blocked);
    for (i = 0; i < 4; i++)
        sigdelset(&blocked, faults[i]);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, POOL_STACK);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    failed = pthread_create(&thread, &attributes, pool_helper, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return !failed;
#endif
}

/* Start helpers until there are `wanted`. If the system refuses one, the next call tries again. */
static void pool_hire(int wanted) {
    int64_t helpers = pool_load(&pool.helpers);
    while (helpers < wanted)
        if (pool_swap(&pool.helpers, &helpers, helpers + 1) && !pool_start_helper()) {
            pool_add(&pool.helpers, -1);
            return;
        }
}

/* --- callers --------------------------------------------------------------------------------------- */

/* A free slot; NULL if there is none. */
static PoolTask *pool_slot(void) {
    int64_t taken = pool_load(&pool.taken);
    int i;
    for (i = 0; i < POOL_SLOTS; i++)
        while (!(taken >> i & 1))
            if (pool_swap(&pool.taken, &taken, taken | (int64_t)1 << i))
                return &pool.tasks[i];
    return NULL;
}

static void pool_post(PoolTask *task, PoolBand band, const void *context, ptrdiff_t bands, int threads,
                      int64_t most) {
    task->band = band;
    task->context = context;
    task->bands = bands;
    fegetenv(&task->arithmetic);
#if POOL_CORES
    if (sched_getaffinity(0, sizeof task->cores, &task->cores))
        memset(&task->cores, 0, sizeof task->cores);
#endif
    pool_store(&task->done, 0);
    pool_store(&task->failed, 0);
    pool_store(&task->most, most);
    pool_store(&pool.most, most);
    pool_store(&task->ticket, (threads - 1) * POOL_ROOM + bands);
}

/* Wait until helpers have done the `begun` bands that they took: poll for `look` ns, then sleep. */
static void pool_await(PoolTask *task, int64_t begun, int64_t look) {
    int64_t since = pool_now();
    while (pool_load(&task->done) != begun && pool_now() - since < look)
        pool_pause();
    if (pool_load(&task->done) != begun) {
        pool_lock(&task->lock);
        pool_store(&task->asleep, 1);
        while (pool_load(&task->done) != begun)
            pool_sleep(&task->finished, &task->lock);
        pool_store(&task->asleep, 0);
        pool_unlock(&task->lock);
    }
}

/* The caller's part of a task. Returns the number of failures. */
static int pool_work(PoolTask *task) {
    int64_t since = pool_now(), worked, waited, ticket, own = 0, helped;
    int failed = 0;
    for (;;) {
        if (pool_load(&pool.working) < pool_load(&task->most))
            pool_call_helper();
        ticket = pool_load(&task->ticket);
        while (pool_left(ticket) && !pool_swap(&task->ticket, &ticket, ticket - 1))
            ;
        if (!pool_left(ticket))
            break;
        failed += task->band(task->context, task->bands - pool_left(ticket), task->bands);
        own++;
    }
    worked = pool_now() - since;
    helped = task->bands - own;
    pool_await(task, helped, worked / (own ? own : 1) < POOL_WAIT ? worked / (own ? own : 1) : POOL_WAIT);
    waited = pool_now() - since - worked;
    if (own && waited > worked / own * helped + worked / 8)
        pool_add(&pool.credit, -pool_load(&pool_setting.lone));
    return failed + (int)pool_load(&task->failed);
}

/* `most` of a task: a call of `threads` threads gets help only while fewer threads than this are at work. */
static int64_t pool_most(int threads) {
    int64_t limit = pool_load(&pool_setting.limit);
    int cores = pool_load(&pool_setting.follow) ? pool_cores() : 0;
    if (cores && cores < limit)
        limit = cores;
    return threads > limit ? threads : limit;
}

/* Whether a call runs alone because of other calls, of which `calls` run now. Those of one thread count as
 * well: they occupy a core each. */
static int pool_goes_alone(int64_t calls, int64_t most, int threads) {
    int64_t credit = pool_load(&pool.credit), now;
    if (!pool_load(&pool_setting.lone) || (threads < 2 && calls + 1 < most))
        return threads < 2;
    now = pool_now();
    if (calls + 1 >= most)
        pool_store(&pool.crowded, now);
    if (threads < 2)
        return 1;
    if (credit < POOL_LONE_CALLS)
        pool_add(&pool.credit, 1);
    return credit < 0 || now - pool_load(&pool.crowded) < POOL_CROWD;
}

/* Run all bands of a call, by at most `threads` threads: the caller and helpers. A call that gets no help is
 * one band. Returns the number of failures. */
static int pool_run(PoolBand band, const void *context, ptrdiff_t bands, int threads) {
    int64_t calls = pool_add(&pool.calls, 1), most = pool_most(threads);
    PoolTask *task = pool_goes_alone(calls, most, threads) || bands < 2 ? NULL : pool_slot();
    int failed;
    pool_add(&pool.working, 1);
    if (task) {
        pool_hire(threads - 1);
        pool_post(task, band, context, bands, threads, most);
        failed = pool_work(task);
        pool_add(&pool.taken, -((int64_t)1 << (task - pool.tasks)));
    } else
        failed = band(context, 0, 1);
    pool_add(&pool.working, -1);
    pool_add(&pool.calls, -1);
    return failed;
}

#endif
#endif
