package sample

import "fmt"

func groupID(number int) string { return newDraw("group", number).guid() }

func groupName(number int) string {
	purposes := []string{"Include", "Exclude", "Pilot", "BreakGlass", "Devices"}
	return fmt.Sprintf("CA-%s-%05d", purposes[number%len(purposes)], number)
}

// group returns the group of this number as Graph v1.0 returns it.
func group(number int) object {
	d := newDraw("group", number)
	id, name := d.guid(), groupName(number)
	return object{
		{"id", id},
		{"deletedDateTime", nil},
		{"classification", nil},
		{"createdDateTime", d.moment(2023)},
		{"creationOptions", list{}},
		{"description", "Members are people that policies of Conditional Access name together."},
		{"displayName", name},
		{"expirationDateTime", nil},
		{"groupTypes", list{}},
		{"isAssignableToRole", nil},
		{"mail", nil},
		{"mailEnabled", false},
		{"mailNickname", fmt.Sprintf("ca-%05d", number)},
		{"membershipRule", nil},
		{"membershipRuleProcessingState", nil},
		{"onPremisesSyncEnabled", nil},
		{"preferredDataLocation", nil},
		{"preferredLanguage", nil},
		{"proxyAddresses", list{}},
		{"renewedDateTime", d.moment(2024)},
		{"resourceBehaviorOptions", list{}},
		{"resourceProvisioningOptions", list{}},
		{"securityEnabled", true},
		{"securityIdentifier", fmt.Sprintf("S-1-12-1-%d-%d-%d-%d", d.Uint32(), d.Uint32(), d.Uint32(), d.Uint32())},
		{"theme", nil},
		{"uniqueName", nil},
		{"visibility", nil},
		{"onPremisesProvisioningErrors", list{}},
		{"serviceProvisioningErrors", list{}},
	}
}

// groupFile returns the group of this number as a file has it.
func groupFile(number int) object {
	all := group(number)
	var file object
	for _, name := range []string{"description", "displayName", "mailEnabled", "mailNickname", "securityEnabled"} {
		file = append(file, member{name, *all.at(name)})
	}
	return file
}
