/** Sampling from a target itself, without training, by accepting and refusing what a proposal writes. */
@NullMarked
package io.equipoise.decoding;

import org.jspecify.annotations.NullMarked;
