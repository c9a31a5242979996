"""Long labelled streams: making them from recordings, and scoring a model's detections on them.

`make_stream` puts words at known times into real background noise; `record_scores` runs the firmware's
pipeline over a stream once; `sweep` plays the recorded scores through the firmware's detector at every
threshold and counts misses and false alarms; `apply_detector` writes the chosen settings into the model.
"""
