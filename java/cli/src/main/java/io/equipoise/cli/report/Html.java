package io.equipoise.cli.report;

/** HTML's own characters. */
public final class Html {
    private Html() {}

    /** Text as it may stand between tags and in quoted attributes; control characters become a visible sign. */
    public static String escape(String text) {
        var escaped = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                case '\n', '\t' -> escaped.append(c);
                default -> escaped.append(c < ' ' ? '\uFFFD' : c);
            }
        }
        return escaped.toString();
    }
}
