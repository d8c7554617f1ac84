/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls of src/schedule/pool.h from many threads at once, and from children forked meanwhile:
 *
 *     hammer_pool CALLERS CALLS FORKS
 *     hammer_pool                      prints in how many of 2000 calls a helper was held up
 *
 * Each band adds one to a number of its own, without any atomics, and the caller reads all of them after the
 * call: a band that runs twice, never, or after its call has returned is seen here, or by ThreadSanitizer.
 */
#define _GNU_SOURCE
#include "pool.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_BANDS = 64 };

typedef struct {
    int done[MOST_BANDS];
    int long_band; /* one that helpers and the caller find running when the others are done */
} Call;

static int calls;
static int64_t helped;
static __thread int calling;

static int band(const void *context, ptrdiff_t i, ptrdiff_t bands) {
    Call *call = (Call *)context;
    volatile int work = i == call->long_band ? 20000 : 200;
    while (work)
        work--;
    call->done[i]++;
    if (!calling)
        pool_add(&helped, 1);
    return bands > 1 && i % 2;
}

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    _exit(1);
}

static void *caller(void *seed) {
    unsigned random = (unsigned)(size_t)seed;
    int n, i, bands, failed;
    calling = 1;
    for (n = 0; n < calls; n++) {
        Call call = {{0}, rand_r(&random) % MOST_BANDS};
        bands = 1 + rand_r(&random) % MOST_BANDS;
        failed = pool_run(band, &call, bands, 1 + rand_r(&random) % 8);
        if (failed == 0) /* alone, in one band */
            bands = 1;
        if (failed != bands / 2)
            fail("failures are not counted right");
        for (i = 0; i < MOST_BANDS; i++)
            if (call.done[i] != (i < bands))
                fail("a band did not run once");
        if (rand_r(&random) % 50 == 0)
            usleep(200); /* helpers fall asleep */
    }
    return NULL;
}

static void wait_for(pid_t child) {
    int status = 0, tries;
    for (tries = 0; tries < 6000; tries++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            if (status)
                fail("a forked child failed");
            return;
        }
        usleep(10000);
    }
    kill(child, SIGKILL);
    fail("a forked child hangs");
}

static pthread_t main_thread;

/* A band that takes 0.02 ms, or 20 ms where a helper has it: as if the system had stopped that. */
static int held_up(const void *context, ptrdiff_t i, ptrdiff_t bands) {
    int64_t since = pool_now(), helper = !pthread_equal(pthread_self(), main_thread);
    (void)i, (void)bands;
    if (helper) {
        pool_store((int64_t *)context, 1);
        usleep(20000);
    }
    while (!helper && pool_now() - since < 20000)
        ;
    return 0;
}

static int held_up_calls(void) {
    int64_t met;
    int n, count = 0;
    main_thread = pthread_self();
    pool_set(2, 0);
    for (n = 0; n < 2000; n++) {
        met = 0;
        pool_run(held_up, &met, 16, pool_threads_for(1e9, 0));
        count += (int)met;
    }
    return count;
}

int main(int count, char **words) {
    int callers = count > 1 ? atoi(words[1]) : 0, forks = count > 3 ? atoi(words[3]) : 0, i;
    pthread_t *threads = malloc(sizeof(pthread_t) * (size_t)callers);
    calls = count > 2 ? atoi(words[2]) : 100;
    pool_begin();
    if (!callers) {
        printf("%d\n", held_up_calls());
        return 0;
    }
    pool_set(callers + 8, 0);
    pool_tune(0, 0);
    for (i = 0; i < callers; i++)
        if (pthread_create(&threads[i], NULL, caller, (void *)(size_t)(i + 1)))
            fail("no thread to be had");
    for (i = 0; i < forks; i++) {
        pid_t child = fork();
        if (child == 0) {
            if (pool_helpers())
                fail("a forked child has helpers before its first call");
            calls = 50;
            caller((void *)(size_t)i);
            _exit(pool_helpers() ? 0 : 1);
        }
        wait_for(child);
    }
    for (i = 0; i < callers; i++)
        pthread_join(threads[i], NULL);
    if (pool_load(&pool.taken) || pool_load(&pool.working) > pool_helpers())
        fail("a slot or a place was not given back");
    if (!pool_load(&helped))
        fail("helpers did nothing");
    if (pool_helpers() > 7)
        fail("more helpers than were asked for");
    printf("fine\n");
    return 0;
}
