/**
 * Executes PTX without a GPU, with the checks a GPU leaves out: bounds, alignment, uninitialised reads, races, barriers and
 * masks. What it does not know it refuses.
 */
@NullMarked
package io.equipoise.cuda.ptx;

import org.jspecify.annotations.NullMarked;
