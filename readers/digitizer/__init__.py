"""From a picture of an ECG back to twelve leads in millivolts, and from these to a reading: the image ceiling."""
