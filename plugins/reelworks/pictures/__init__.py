"""What a person looks at to judge a video without playing it: a contact sheet, and before beside after."""
