package io.equipoise.cli;

import io.equipoise.target.Constraint;
import io.equipoise.target.FeatureScores;
import io.equipoise.training.Evaluator;
import io.equipoise.training.Evaluator.Evaluation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A text for people to read.
 *
 * @param model {@code base} or {@code policy}
 * @param features φ by constraint
 */
record Sample(String model, String text, Map<String, Double> features) {
    /** Texts of an evaluation picked without regard to what they say. */
    static List<Sample> pick(String model, Evaluation evaluation, List<Constraint> constraints, int count, long seed) {
        var texts = Evaluator.pick(evaluation, count, seed);
        double[][] phi = FeatureScores.score(constraints, texts);
        var samples = new ArrayList<Sample>();
        for (int i = 0; i < texts.size(); i++) {
            var features = new LinkedHashMap<String, Double>();
            for (int f = 0; f < constraints.size(); f++)
                features.put(constraints.get(f).name(), phi[i][f]);
            samples.add(new Sample(model, texts.get(i), features));
        }
        return samples;
    }
}
