/** What can be said of the kernels without a GPU. */
@NullMarked
package io.equipoise.cuda;

import org.jspecify.annotations.NullMarked;
