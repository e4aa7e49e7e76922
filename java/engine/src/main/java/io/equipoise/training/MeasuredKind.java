package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * What a backward pass has shown of the sequences of one kind.
 *
 * @param logProb (T) of their tokens, nats
 * @param squares the squared norm of each one's own gradient
 */
record MeasuredKind(float[] logProb, double[] squares) {
    static final SharedWork.Format<MeasuredKind> FORMAT = new SharedWork.Format<>() {
        @Override
        public void write(MeasuredKind kind, DataOutputStream out) throws IOException {
            FLOATS.write(kind.logProb, out);
            DOUBLES.write(kind.squares, out);
        }

        @Override
        public MeasuredKind read(DataInputStream in) throws IOException {
            return new MeasuredKind(FLOATS.read(in), DOUBLES.read(in));
        }
    };
}
