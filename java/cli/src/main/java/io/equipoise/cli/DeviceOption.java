package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.model.Device;
import picocli.CommandLine.Option;

/** {@code --device}, of the commands that run a model. */
final class DeviceOption {
    private static final String KERNELS = "equipoise.kernels";

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "cpu",
            description = "Where models and kernels run, or fail: cpu, the default, or cuda.")
    private String name = "";

    /**
     * The device, which can be used; the process's kernels are from now on its own.
     *
     * @throws InvalidInputException when there is none of that name, it can't be used here, or other kernels are forced
     */
    Device choose() {
        var device = Device.named(name);
        device.unavailable().ifPresent(reason -> {
            throw new InvalidInputException("--device " + device + " can't run here: " + reason);
        });
        if (device == Device.CPU) return device;
        String kernels = System.getProperty(KERNELS, "");
        if (!kernels.isEmpty() && !kernels.equals(device.toString())) {
            throw new InvalidInputException(
                    "--device " + device + " takes --kernels " + device + ", got " + kernels + "; leave --kernels out");
        }
        System.setProperty(KERNELS, device.toString());
        return device;
    }
}
