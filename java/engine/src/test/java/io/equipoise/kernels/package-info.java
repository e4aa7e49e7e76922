/** One test class an operation; every implementation on the class path meets the same cases. */
@NullMarked
package io.equipoise.kernels;

import org.jspecify.annotations.NullMarked;
