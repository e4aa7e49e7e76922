/** What can be proven of the kernels and of the code that launches them without a GPU. */
@NullMarked
package io.equipoise.cuda;

import org.jspecify.annotations.NullMarked;
