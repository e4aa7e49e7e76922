package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.sampling.Sequences;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a model says of one sequence.
 *
 * @param logProb (T) of each generated token, nats
 * @param expected (T, K) expectations of functions of the token in its place
 */
record ScoredSequence(float[] logProb, float[][] expected) {
    static final SharedWork.Format<ScoredSequence> FORMAT = new SharedWork.Format<>() {
        @Override
        public void write(ScoredSequence scored, DataOutputStream out) throws IOException {
            FLOATS.write(scored.logProb, out);
            for (float[] each : scored.expected) FLOATS.write(each, out);
        }

        @Override
        public ScoredSequence read(DataInputStream in) throws IOException {
            float[] logProb = FLOATS.read(in);
            var expected = new float[logProb.length][];
            for (int t = 0; t < expected.length; t++) expected[t] = FLOATS.read(in);
            return new ScoredSequence(logProb, expected);
        }
    };

    /** Asks a model about all of them. */
    static List<ScoredSequence> of(
            CausalLanguageModel model, Sequences sequences, int microBatch, float[][] functions) {
        var scored = new ArrayList<ScoredSequence>();
        if (sequences.size() == 0) return scored;
        var scores = model.tokenScores(sequences.tokens(), sequences.promptLength(), microBatch, functions);
        for (int i = 0; i < sequences.size(); i++) {
            scored.add(new ScoredSequence(scores.logProb()[i], scores.expected()[i]));
        }
        return scored;
    }
}
