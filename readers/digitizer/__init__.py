"""The image ceiling: recovers twelve leads in millivolts from a picture, and reads them."""
