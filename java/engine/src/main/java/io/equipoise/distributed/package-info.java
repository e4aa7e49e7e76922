/** Several processes that train one model together: how they find each other, what they exchange, and what becomes of a lost one. */
@NullMarked
package io.equipoise.distributed;

import org.jspecify.annotations.NullMarked;
