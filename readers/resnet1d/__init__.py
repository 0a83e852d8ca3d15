"""The signal-native reader: a 1D ResNet over twelve leads of ten seconds at 100 Hz."""
