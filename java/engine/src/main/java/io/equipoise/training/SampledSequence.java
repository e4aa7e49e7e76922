package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import io.equipoise.sampling.Sequences;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** One row of {@link Sequences}. */
record SampledSequence(int[] tokens, int promptLength, float[] tokenLogProb) {
    static final SharedWork.Format<SampledSequence> FORMAT = new SharedWork.Format<>() {
        @Override
        public void write(SampledSequence sampled, DataOutputStream out) throws IOException {
            out.writeInt(sampled.tokens.length);
            for (int token : sampled.tokens) out.writeInt(token);
            out.writeInt(sampled.promptLength);
            FLOATS.write(sampled.tokenLogProb, out);
        }

        @Override
        public SampledSequence read(DataInputStream in) throws IOException {
            var tokens = new int[in.readInt()];
            for (int t = 0; t < tokens.length; t++) tokens[t] = in.readInt();
            return new SampledSequence(tokens, in.readInt(), FLOATS.read(in));
        }
    };

    static List<SampledSequence> of(Sequences sequences) {
        var rows = new ArrayList<SampledSequence>();
        for (int i = 0; i < sequences.size(); i++) {
            rows.add(new SampledSequence(
                    sequences.tokens()[i],
                    sequences.promptLength()[i],
                    sequences.tokenLogProb()[i]));
        }
        return rows;
    }

    static Sequences join(List<SampledSequence> rows) {
        return new Sequences(
                rows.stream().map(SampledSequence::tokens).toArray(int[][]::new),
                rows.stream().mapToInt(SampledSequence::promptLength).toArray(),
                rows.stream().map(SampledSequence::tokenLogProb).toArray(float[][]::new));
    }
}
