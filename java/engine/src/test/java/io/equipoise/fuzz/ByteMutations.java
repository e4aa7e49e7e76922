package io.equipoise.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;

/** Mutations that know nothing of an input but that there may be numbers in it. */
public final class ByteMutations {
    /** Numbers at which arithmetic changes its ways. */
    public static final List<String> EXTREMES = List.of(
            "0",
            "-1",
            "1",
            "127",
            "-128",
            "65536",
            "2147483647",
            "-2147483648",
            "2147483648",
            "4294967296",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
            "1e309",
            "-0.0",
            "1e-400",
            "0.1",
            "99999999999999999999999999999999");

    /** All of them. */
    public static final List<Fuzzer.Mutation> ALL = List.of(
            ByteMutations::flip,
            ByteMutations::truncate,
            ByteMutations::insert,
            ByteMutations::repeat,
            ByteMutations::delete,
            ByteMutations::number);

    private static final Pattern NUMBER = Pattern.compile("-?[0-9]+");
    private static final int LONGEST_PART = 64;
    /** Repetition of repetition must not make inputs of gigabytes by itself. */
    private static final int LARGEST = 1 << 18;

    private ByteMutations() {}

    private static byte[] flip(byte[] input, Random random) {
        byte[] output = input.clone();
        for (int i = random.nextInt(4); i >= 0 && output.length > 0; i--) {
            output[random.nextInt(output.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return output;
    }

    private static byte[] truncate(byte[] input, Random random) {
        return Arrays.copyOf(input, random.nextInt(input.length + 1));
    }

    private static byte[] insert(byte[] input, Random random) {
        byte[] part = new byte[1 + random.nextInt(LONGEST_PART)];
        if (random.nextBoolean()) random.nextBytes(part);
        else Arrays.fill(part, (byte) "[{\":,\0\n -#&*".charAt(random.nextInt(12)));
        int at = random.nextInt(input.length + 1);
        return replaced(input, at, at, part);
    }

    private static byte[] repeat(byte[] input, Random random) {
        int from = random.nextInt(input.length + 1);
        int to = Math.min(input.length, from + random.nextInt(LONGEST_PART));
        byte[] part = Arrays.copyOfRange(input, from, to);
        var parts = new ByteArrayOutputStream();
        int times = random.nextInt(20) == 0 ? 500 : 1 + random.nextInt(3);
        for (int i = 0; i < times && input.length + parts.size() < LARGEST; i++) parts.writeBytes(part);
        int at = random.nextInt(input.length + 1);
        return replaced(input, at, at, parts.toByteArray());
    }

    private static byte[] delete(byte[] input, Random random) {
        int from = random.nextInt(input.length + 1);
        return replaced(input, from, Math.min(input.length, from + random.nextInt(LONGEST_PART)), new byte[0]);
    }

    private static byte[] number(byte[] input, Random random) {
        var matcher = NUMBER.matcher(new String(input, StandardCharsets.ISO_8859_1));
        int chosen = random.nextInt(20);
        int from = 0;
        int to = 0;
        for (int i = 0; i <= chosen && matcher.find(); i++) {
            from = matcher.start();
            to = matcher.end();
        }
        String extreme = EXTREMES.get(random.nextInt(EXTREMES.size()));
        return replaced(input, from, to, extreme.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static byte[] replaced(byte[] input, int from, int to, byte[] part) {
        var output = new ByteArrayOutputStream(input.length + part.length);
        output.write(input, 0, from);
        output.writeBytes(part);
        output.write(input, to, input.length - to);
        return output.toByteArray();
    }
}
