/** Readers of reference fixtures that are independent of the code under test. */
@NullMarked
package io.equipoise.golden;

import org.jspecify.annotations.NullMarked;
