package gs1
