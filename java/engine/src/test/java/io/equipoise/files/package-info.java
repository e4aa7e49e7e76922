@NullMarked
package io.equipoise.files;

import org.jspecify.annotations.NullMarked;
