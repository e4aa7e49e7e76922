/** Files whose size nobody vouches for. */
@NullMarked
package io.equipoise.files;

import org.jspecify.annotations.NullMarked;
