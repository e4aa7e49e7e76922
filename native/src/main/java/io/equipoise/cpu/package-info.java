/** C++ kernels for the CPU, behind {@link io.equipoise.kernels.Kernels}. */
@NullMarked
package io.equipoise.cpu;

import org.jspecify.annotations.NullMarked;
