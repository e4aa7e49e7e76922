package io.equipoise.cuda.ptx;

/** Numbers as registers hold them; a NaN is the one that arithmetic gives. */
final class Encoding {
    private Encoding() {}

    static float f32(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    static long bits(float value) {
        return Float.isNaN(value) ? 0x7fffffffL : Float.floatToRawIntBits(value);
    }

    static long bits(double value) {
        return Double.isNaN(value) ? 0x7fffffffffffffffL : Double.doubleToRawLongBits(value);
    }

    static double f64(long bits) {
        return Double.longBitsToDouble(bits);
    }

    /** With a subnormal number made 0 of its sign. */
    static float flushed(long bits) {
        float x = f32(bits);
        return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0, x) : x;
    }
}
