// Package wire sends single requests to Microsoft Graph and says what the answers
// mean. It bounds answers, paces requests and counts the time that refusals take. It
// retries nothing: a caller knows what may be sent again. It knows no kinds.
package wire
