/** The functions of @actions/core that this action uses. Its OIDC client, which loads an HTTP client, is not in the bundle. */
export { endGroup, error, info, notice, setOutput, setSecret, startGroup, summary, warning } from '@actions/core'
