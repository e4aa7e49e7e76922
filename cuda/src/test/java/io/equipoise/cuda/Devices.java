package io.equipoise.cuda;

import io.equipoise.cuda.ptx.PtxInterpreter;
import io.equipoise.kernels.KernelProvider;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Named;

/**
 * What tests of single kernels run on: an interpreter of each shipped PTX and, where there is one, the card; the card alone,
 * or an error, where {@code equipoise.test.kernels} is {@code cuda}.
 */
final class Devices {
    private static final boolean CARD_ONLY =
            System.getProperty("equipoise.test.kernels", "").equals("cuda");

    private Devices() {}

    /** For {@code @MethodSource}: every one. */
    static List<Named<Device>> all() {
        var devices = new ArrayList<Named<Device>>();
        if (!CARD_ONLY) {
            devices.add(named(new PtxInterpreter(80)));
            devices.add(named(new PtxInterpreter(120)));
        }
        if (CARD_ONLY || new CudaProvider().unavailable().isEmpty()) devices.add(named(card()));
        return devices;
    }

    /** For {@code @MethodSource}: one, where what is tested doesn't depend on the architecture. */
    static List<Named<Device>> any() {
        return all().subList(0, 1);
    }

    /** That of the process, never to be closed. */
    private static Device card() {
        return ((CudaKernels) KernelProvider.named("cuda")).device();
    }

    private static Named<Device> named(Device device) {
        return Named.of(device.description(), device);
    }
}
