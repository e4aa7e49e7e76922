/** What {@code cuda/on-card} runs on a machine with a card besides the tests and benchmarks themselves, and its report. */
@NullMarked
package io.equipoise.cuda.card;

import org.jspecify.annotations.NullMarked;
