/** Batched decoding with a KV cache and reproducible random numbers. */
@NullMarked
package io.equipoise.sampling;

import org.jspecify.annotations.NullMarked;
