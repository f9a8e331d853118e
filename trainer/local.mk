# Files of trainer/.
