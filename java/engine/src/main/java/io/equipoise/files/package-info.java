/** Files that nobody vouches for: their size, their content. */
@NullMarked
package io.equipoise.files;

import org.jspecify.annotations.NullMarked;
