package pack

import "syscall"

func bootText() string {
	text, err := syscall.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return text
}
