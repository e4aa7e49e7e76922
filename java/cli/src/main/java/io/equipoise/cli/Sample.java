package io.equipoise.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.equipoise.training.Evaluator;
import io.equipoise.training.Evaluator.Evaluation;
import java.util.List;
import java.util.Map;

/**
 * A text for people to read.
 *
 * @param model {@code base} or {@code policy}
 * @param prompt that the model went on from; empty without one
 * @param text what follows the prompt
 * @param features φ by constraint
 */
record Sample(
        String model,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) String prompt,
        String text,
        Map<String, Double> features) {
    /** Texts of an evaluation picked without regard to what they say. */
    static List<Sample> pick(String model, Evaluation evaluation, int count, long seed) {
        return Evaluator.pick(evaluation, count, seed).stream()
                .map(text -> new Sample(model, text.prompt(), text.text(), text.features()))
                .toList();
    }
}
