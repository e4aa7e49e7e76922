/** Typed native memory with a shape: {@code Vector} and {@code Matrix}. Whoever allocates closes. */
@NullMarked
package io.equipoise.memory;

import org.jspecify.annotations.NullMarked;
