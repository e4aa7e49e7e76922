/** The operations that are special to the method, each behind one name in every language. See {@link io.equipoise.kernels.Kernels}. */
@NullMarked
package io.equipoise.kernels;

import org.jspecify.annotations.NullMarked;
