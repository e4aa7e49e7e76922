@NullMarked
package io.equipoise.target;

import org.jspecify.annotations.NullMarked;
