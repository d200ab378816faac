/** Names of contestants that the report knows. */
export const thisActionName = 'this action'
export const loginAlone = 'configure-aws-credentials, login alone'
