/** What only these kernels have: instruction sets, threads, their own exp. The operations' tests are the engine's. */
@NullMarked
package io.equipoise.cpu;

import org.jspecify.annotations.NullMarked;
