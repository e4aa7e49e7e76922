/** CUDA kernels as PTX; see README.md of the module for what is and what isn't there. */
@NullMarked
package io.equipoise.cuda;

import org.jspecify.annotations.NullMarked;
