// What the bundle must not do.
new Function('return 1')()
