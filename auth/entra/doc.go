// Package entra signs people in to Microsoft Entra with device codes.
package entra
