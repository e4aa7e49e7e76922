package io.equipoise.cli.plot;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/** Something drawn in a panel; later ones cover earlier ones. What isn't finite is left out. */
public sealed interface Layer {
    void draw(Canvas canvas);

    /** The values along y that must be seen. */
    DoubleStream ys();

    /** A strip between two values of y: what counts as met. */
    record Zone(double low, double high) implements Layer {
        private static final String FILL = "#8c959f";
        private static final double OPACITY = 0.22;

        /** Explains it. */
        public static Legend legend(String label) {
            return new Sample(
                    label, Sample.LINE, (svg, x, y) -> svg.rectangle(x, y - 6, Sample.LINE, 12, FILL, OPACITY));
        }

        @Override
        public void draw(Canvas canvas) {
            double top = canvas.y(high);
            canvas.svg().rectangle(canvas.left(), top, canvas.width(), canvas.y(low) - top, FILL, OPACITY);
        }

        @Override
        public DoubleStream ys() {
            return DoubleStream.of(low, high);
        }
    }

    /** A level along y to compare with. */
    record Level(double y) implements Layer {
        private static final String DASH = "1.5 3";

        /** Explains it. */
        public static Legend legend(String label) {
            return new Sample(
                    label, Sample.LINE, (svg, x, y) -> svg.line(x, y, x + Sample.LINE, y, Svg.INK, 1.5, DASH));
        }

        @Override
        public void draw(Canvas canvas) {
            if (!Double.isFinite(y)) return;
            double at = canvas.y(y);
            canvas.svg().line(canvas.left(), at, canvas.left() + canvas.width(), at, Svg.INK, 1.5, DASH);
        }

        @Override
        public DoubleStream ys() {
            return DoubleStream.of(y);
        }
    }

    /** The area between two curves. */
    record Band(double[] x, double[] low, double[] high, Style style) implements Layer {
        private static final double OPACITY = 0.18;

        @Override
        public void draw(Canvas canvas) {
            int from = 0;
            while (from < x.length) {
                int to = from;
                while (to < x.length && Double.isFinite(low[to]) && Double.isFinite(high[to])) to++;
                var path = new Svg.Path();
                for (int i = from; i < to; i++) path.to(canvas.x(x[i]), canvas.y(high[i]));
                for (int i = to - 1; i >= from; i--) path.to(canvas.x(x[i]), canvas.y(low[i]));
                canvas.svg().area(path, style.colour(), OPACITY);
                from = to + 1;
            }
        }

        @Override
        public DoubleStream ys() {
            return DoubleStream.concat(Arrays.stream(low), Arrays.stream(high));
        }
    }

    /** A line through points. */
    record Curve(double[] x, double[] y, Style style) implements Layer {
        @Override
        public void draw(Canvas canvas) {
            var path = new Svg.Path();
            for (int i = 0; i < x.length; i++) path.to(canvas.x(x[i]), canvas.y(y[i]));
            canvas.svg().path(path, style.colour(), 2, style.dash());
        }

        @Override
        public DoubleStream ys() {
            return Arrays.stream(y);
        }
    }

    /**
     * A measured point.
     *
     * @param xError how far its bars reach to each side; not finite for none
     * @param yError the same upwards and downwards
     */
    record Point(double x, double y, double xError, double yError, Style style) implements Layer {
        @Override
        public void draw(Canvas canvas) {
            if (!Double.isFinite(x) || !Double.isFinite(y)) return;
            for (var ends : List.of(new double[] {xError, 0}, new double[] {0, yError})) {
                if (!Double.isFinite(ends[0]) || !Double.isFinite(ends[1])) continue;
                canvas.svg()
                        .line(
                                canvas.x(x - ends[0]),
                                canvas.y(y - ends[1]),
                                canvas.x(x + ends[0]),
                                canvas.y(y + ends[1]),
                                style.colour(),
                                1.5,
                                "");
            }
            style.mark(canvas.svg(), canvas.x(x), canvas.y(y));
        }

        /** The values along x that must be seen. */
        public DoubleStream xs() {
            return Double.isFinite(xError) ? DoubleStream.of(x - xError, x + xError) : DoubleStream.of(x);
        }

        @Override
        public DoubleStream ys() {
            return Double.isFinite(yError) ? DoubleStream.of(y - yError, y + yError) : DoubleStream.of(y);
        }
    }

    /** An entry of a legend that only this file knows how to draw. */
    record Sample(String label, double width, Drawing drawing) implements Legend {
        static final double LINE = 34;

        interface Drawing {
            void draw(Svg svg, double x, double y);
        }

        @Override
        public void sample(Svg svg, double x, double y) {
            drawing.draw(svg, x, y);
        }
    }
}
