/** The operations in CUDA, shipped as PTX and launched on a device; see README.md of the module for what has been proven. */
@NullMarked
package io.equipoise.cuda;

import org.jspecify.annotations.NullMarked;
