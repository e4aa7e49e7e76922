package io.equipoise.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class Float16Test {
    @Test
    void everyBf16SurvivesTheRoundTrip() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Float16.fromBf16((short) bits);
            assertThat(Float.floatToRawIntBits(value) >>> 16).isEqualTo(bits);
            if (!Float.isNaN(value)) assertThat(Float16.toBf16(value)).isEqualTo((short) bits);
        }
    }

    @Test
    void everyF16SurvivesTheRoundTripAndHasTheValueOfItsFields() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Float16.fromF16((short) bits);
            int exponent = (bits >> 10) & 31;
            int fraction = bits & 1023;
            double magnitude;
            if (exponent == 31) magnitude = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            else if (exponent == 0) magnitude = Math.scalb((double) fraction, -24);
            else magnitude = Math.scalb(1024.0 + fraction, exponent - 25);
            double expected = bits < 0x8000 ? magnitude : -magnitude;
            assertThat(Double.compare(value, expected)).as("bits %04x", bits).isZero();
            if (!Float.isNaN(value)) assertThat(Float16.toF16(value)).isEqualTo((short) bits);
        }
    }

    @Test
    void betweenNeighboursTheNearestWinsAndTiesGoToEven() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            assertRounds(
                    bits,
                    Float16.fromF16((short) bits),
                    Float16.fromF16((short) (bits + 1)),
                    value -> Float16.toF16(value));
        }
        for (int bits = 0; bits < 0x7f7f; bits++) {
            assertRounds(
                    bits,
                    Float16.fromBf16((short) bits),
                    Float16.fromBf16((short) (bits + 1)),
                    value -> Float16.toBf16(value));
        }
    }

    private interface Rounding {
        short round(float value);
    }

    private static void assertRounds(int bits, float low, float high, Rounding rounding) {
        float middle = (float) (((double) low + high) / 2);
        int even = bits + (bits & 1);
        assertThat(rounding.round(middle)).as("tie above %x", bits).isEqualTo((short) even);
        assertThat(rounding.round(Math.nextDown(middle)))
                .as("below the tie above %x", bits)
                .isEqualTo((short) bits);
        assertThat(rounding.round(Math.nextUp(middle)))
                .as("past the tie above %x", bits)
                .isEqualTo((short) (bits + 1));
        assertThat(rounding.round(-middle)).isEqualTo((short) (even | 0x8000));
    }

    @Test
    void pastTheRangeIsInfinityAndNanStaysNan() {
        assertThat(Float16.toF16(65519.996f)).isEqualTo((short) 0x7bff);
        assertThat(Float16.toF16(65520f)).isEqualTo((short) 0x7c00);
        assertThat(Float16.toF16(-1e30f)).isEqualTo((short) 0xfc00);
        assertThat(Float16.toF16(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xfc00);
        assertThat(Float16.toBf16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
        assertThat(Float16.toF16(0x1p-25f)).isEqualTo((short) 0);
        assertThat(Float16.toF16(Math.nextUp(0x1p-25f))).isEqualTo((short) 1);
        assertThat(Float16.toF16(-0.0f)).isEqualTo((short) 0x8000);
        long seed = 6;
        var random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            float nan = Float.intBitsToFloat(random.nextInt() | 0x7f800001);
            assertThat(Float16.fromF16(Float16.toF16(nan))).as("seed %d", seed).isNaN();
            assertThat(Float16.fromBf16(Float16.toBf16(nan)))
                    .as("seed %d", seed)
                    .isNaN();
        }
    }
}
