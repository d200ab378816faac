// Without this the SDK asks a metadata service on 169.254.169.254 for credentials when it finds none,
// and a test that should fail at once waits for a network that is not there.
process.env.AWS_EC2_METADATA_DISABLED = 'true'
