# SPDX-License-Identifier: BSD-3-Clause
"""Which calls pay here, and which the original does sooner: by predicted cost, before anything is done.

A call of a kind that was not seen before (another shape, type, kernel, option) takes time to find out how it
is best done. A small one is done by the original before that. So it goes to the original, and so do the
calls of its kind after it, until the original's predicted time for all of them is as long as finding out
would take: then it is found out, and from the next call on the kind is known. (Who rents skis until the rent
has come to their price, and then buys them, pays at the most twice what is best, whatever the winter.)

Kinds are told apart, and forgotten when there are too many, in src/stand_in.pyx.
"""

from __future__ import annotations

# Predicted ns, by library: of finding out, here; of a call of the original, and of each sample of it, by the
# quickest of its filters. Measured on Intel Xeon, v4, by benchmarks/sweep.py --drop-ins.
PRICES = {
    "cv2": (60_000.0, 5_000.0, 0.25),
    "scipy.ndimage": (100_000.0, 12_000.0, 3.0),
    "scipy.signal": (100_000.0, 8_000.0, 5.0),
}
