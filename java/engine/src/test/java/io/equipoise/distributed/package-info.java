@NullMarked
package io.equipoise.distributed;

import org.jspecify.annotations.NullMarked;
