/** What the gradient estimates: per-sequence coefficients in float64 log space. Pure maths, no native code. */
@NullMarked
package io.equipoise.objective;

import org.jspecify.annotations.NullMarked;
