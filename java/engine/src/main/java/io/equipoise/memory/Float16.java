package io.equipoise.memory;

/** Conversions between f32 and the two 16-bit floating-point formats, round to nearest even. */
public final class Float16 {
    private Float16() {}

    /** bf16 bits to f32; exact. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat((bits & 0xffff) << 16);
    }

    /** f32 to bf16 bits; a NaN stays a (quiet) NaN. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) return (short) ((bits >>> 16) | 0x40);
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** IEEE half bits to f32; exact. */
    public static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >>> 10) & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0x1f) return Float.intBitsToFloat(sign | 0x7f800000 | (fraction << 13));
        if (exponent == 0) {
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (fraction << 13));
    }

    /** f32 to IEEE half bits; past the range becomes infinity, a NaN stays a (quiet) NaN. */
    public static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) return (short) (sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff));
        // 65520 is the first value that rounds past the largest half, 65504.
        if (magnitude >= 0x477ff000) return (short) (sign | 0x7c00);
        if (magnitude < 0x38800000) {
            // Below the smallest normal half: a multiple of 2^-24, by exact scaling and rounding to even.
            return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
        }
        int rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
        return (short) (sign | ((rounded - 0x38000000) >>> 13));
    }
}
