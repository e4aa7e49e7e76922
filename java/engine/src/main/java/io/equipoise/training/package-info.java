/** The training loop: estimators, optimiser, schedule, proposal updates and the guard against drift. */
@NullMarked
package io.equipoise.training;

import org.jspecify.annotations.NullMarked;
