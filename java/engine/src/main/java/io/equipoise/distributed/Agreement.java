package io.equipoise.distributed;

import io.equipoise.InvalidInputException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Makes sure that ranks which must have the same have the same. */
public final class Agreement {
    private Agreement() {}

    /**
     * Compares what ranks have with what rank 0 has; a call of all ranks.
     *
     * @param what the thing, for people, such as {@code configuration}
     * @param own this rank's, whose lines are compared
     * @throws InvalidInputException on every rank if they differ; names the ranks and the first line that differs
     */
    public static void require(Collective collective, String what, String own) {
        byte[][] all = collective.gather(own.getBytes(StandardCharsets.UTF_8));
        var others = new ArrayList<Integer>();
        for (int r = 1; r < all.length; r++) {
            if (!Arrays.equals(all[r], all[0])) others.add(r);
        }
        if (others.isEmpty()) return;
        int first = others.get(0);
        throw new InvalidInputException((others.size() == 1 ? "rank " : "ranks ")
                + others.stream().map(r -> Integer.toString(r)).collect(Collectors.joining(", "))
                + (others.size() == 1 ? " has" : " have") + " another " + what + " than rank 0: "
                + difference(lines(all[0]), lines(all[first]), first) + "; start all ranks with the same");
    }

    private static List<String> lines(byte[] text) {
        return new String(text, StandardCharsets.UTF_8).lines().toList();
    }

    private static String difference(List<String> ofFirst, List<String> ofOther, int other) {
        int line = 0;
        while (line < Math.min(ofFirst.size(), ofOther.size())
                && ofFirst.get(line).equals(ofOther.get(line))) line++;
        return "'" + line(ofFirst, line) + "' on rank 0, '" + line(ofOther, line) + "' on rank " + other;
    }

    private static String line(List<String> lines, int index) {
        return index < lines.size() ? lines.get(index).strip() : "";
    }

    /** Whether something is so on any rank; a call of all ranks. */
    public static boolean any(Collective collective, boolean own) {
        if (collective.size() == 1) return own;
        for (byte[] each : collective.gather(new byte[] {(byte) (own ? 1 : 0)})) if (each[0] != 0) return true;
        return false;
    }
}
