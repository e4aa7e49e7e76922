/** Typed native memory with a shape, the host's or a device's: {@code Vector} and {@code Matrix}. Whoever allocates closes. */
@NullMarked
package io.equipoise.memory;

import org.jspecify.annotations.NullMarked;
