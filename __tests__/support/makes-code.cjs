// Makes code from a text, which the bundle must not do.
new Function('return 1')()
