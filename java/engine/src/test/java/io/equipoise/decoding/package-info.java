@NullMarked
package io.equipoise.decoding;

import org.jspecify.annotations.NullMarked;
